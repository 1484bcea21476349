"""The table of documents whose claims are judged: name -> module. A document's claims join as their stages arrive."""

MODULES: dict[str, str] = {
    "stgnn_study": "wattshed.accounts.claims.stgnn_study",
    "clock_study": "wattshed.accounts.claims.clock_study",
    "power_laws": "wattshed.accounts.claims.power_laws",
    "gnn_stan": "wattshed.accounts.claims.gnn_stan",
}
