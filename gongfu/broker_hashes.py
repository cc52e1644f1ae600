"""Devices' secrets as the brokers check them."""

import bcrypt

from gongfu_broker.mosquitto_config import hashed_secret
from gongfu_fleet.domain.devices import Hashes

# Secrets have 128 random bits and more: rounds would protect nothing, and each login pays them.
_BCRYPT_ROUNDS = 4


class BrokerHashes:
    """Fits the port SecretHasher: what NATS and mosquitto check."""

    def hashes(self, secret: str) -> Hashes:
        """Salted, each in its broker's form."""
        salt = bcrypt.gensalt(_BCRYPT_ROUNDS, b"2a")
        return Hashes(bcrypt.hashpw(secret.encode(), salt).decode(), hashed_secret(secret))
