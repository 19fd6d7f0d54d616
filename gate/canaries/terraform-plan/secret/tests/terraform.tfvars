password = "canary-planted"
