"""What commands of all contracts with a model share."""
