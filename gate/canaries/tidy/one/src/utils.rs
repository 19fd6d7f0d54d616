fn first_line_says_nothing() {}
