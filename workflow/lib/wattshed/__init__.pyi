from wattshed.door.metered import metered as metered

__version__: str
