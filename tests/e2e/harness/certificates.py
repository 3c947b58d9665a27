# SPDX-License-Identifier: Apache-2.0
"""Certificates for tests, by openssl: an authority, and what it signs."""
import subprocess


def openssl(*args, directory):
    subprocess.run(["openssl", *args], cwd=directory, check=True, capture_output=True)


class Authority:
    """An authority whose certificate is DIRECTORY/NAME.crt."""

    def __init__(self, directory, name="ca"):
        self.dir, self.name = directory, name
        openssl("req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2", "-subj", f"/CN=test {name}",
                "-keyout", f"{name}.key", "-out", f"{name}.crt", directory=directory)

    @property
    def path(self):
        return self.dir / f"{self.name}.crt"

    def sign(self, name, host="IP:127.0.0.1,DNS:localhost", days=2):
        """NAME.crt and NAME.key for a host; with days=0 it has expired."""
        openssl("req", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-subj", f"/CN={name}", "-keyout", f"{name}.key",
                "-out", f"{name}.csr", directory=self.dir)
        (self.dir / f"{name}.ext").write_text(f"subjectAltName={host}\n")
        openssl("x509", "-req", "-in", f"{name}.csr", "-CA", f"{self.name}.crt", "-CAkey", f"{self.name}.key", "-CAcreateserial",
                "-days", str(days), "-extfile", f"{name}.ext", "-out", f"{name}.crt", directory=self.dir)
        return self.dir / f"{name}.crt", self.dir / f"{name}.key"
