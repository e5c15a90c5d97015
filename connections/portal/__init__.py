"""The portal: hosted pages where a person sees her accounts, reconnects and disconnects them."""
