"""What became of a post (`make why POST=… COIN=…`): where it is on its way, and with what reason."""
