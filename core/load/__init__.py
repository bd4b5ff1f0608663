"""How many cameras does one server bear? The load bench: real server, real WebRTC, drawn video."""
