"""What a published part is: how it is declared, and what it is made from."""
