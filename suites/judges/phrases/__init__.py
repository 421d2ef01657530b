"""The phrases that the judges look for, apart from the rules that weigh them."""
