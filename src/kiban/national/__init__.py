"""BUILD at national scale: which sites, how much at each, against which risks."""
