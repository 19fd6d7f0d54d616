# Not formatted on purpose.
locals {
planted=1
}
