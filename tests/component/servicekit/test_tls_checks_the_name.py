import ipaddress
import ssl
from datetime import UTC, datetime, timedelta

import eventlet
import pytest
from component.servicekit.proxy import Proxy
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from eventlet.green import ssl as green_ssl

from servicekit.broker import BrokerAway, Link
from support.waiting import eventually


class TlsProxy(Proxy):
    """Speaks TLS in front of the broker, under a certificate for one name."""

    def __init__(self, host, port, folder, name):
        self.ca, chain = certificate(folder, name)
        self._context = green_ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        self._context.load_cert_chain(chain)
        super().__init__(host, port)

    def _accept(self):
        while True:
            client, _ = self._listener.accept()
            try:
                client = self._context.wrap_socket(client, server_side=True)
            except (ssl.SSLError, OSError):
                continue
            server = eventlet.connect(self._target)
            pair = (client, server)
            eventlet.spawn(self._pump, client, server, pair)
            eventlet.spawn(self._pump, server, client, pair)


def certificate(folder, name):
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "test authority")])
    now = datetime.now(UTC)
    names = [x509.DNSName(name)]
    if name == "127.0.0.1":
        names = [x509.IPAddress(ipaddress.ip_address(name))]
    made = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(minutes=1))
        .not_valid_after(now + timedelta(hours=1))
        .add_extension(x509.SubjectAlternativeName(names), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .sign(key, hashes.SHA256())
    )
    pem = made.public_bytes(serialization.Encoding.PEM)
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    ca, chain = folder / f"{name}.ca.pem", folder / f"{name}.pem"
    ca.write_bytes(pem)
    chain.write_bytes(pem + private)
    return str(ca), str(chain)


@pytest.fixture
def behind_tls(kit, tmp_path):
    host, port = kit.host.split(":")
    proxies = []

    def start(name):
        proxy = TlsProxy(host, int(port), tmp_path, name)
        proxies.append(proxy)
        return kit.url("keeper").replace("amqp://", "amqps://").replace(kit.host, proxy.address), proxy.ca

    yield start
    for proxy in proxies:
        proxy.close()


def test_a_broker_with_the_right_name_is_used(kit, behind_tls, make_things):
    url, ca = behind_tls("127.0.0.1")
    (event,) = make_things(1)
    kit.publish(event)

    with kit.running(amqp_url=url, amqp_ca=ca):
        kit.kept(event)
        eventually(lambda: kit.length("evt-watcher-on_kept") == 1)


def test_a_broker_with_another_name_is_refused(behind_tls):
    url, ca = behind_tls("somewhere.example")

    with pytest.raises(BrokerAway, match="(?i)certificate"):
        Link(url, ca=ca).open()


def test_a_broker_of_another_authority_is_refused(behind_tls, tmp_path):
    url, _ = behind_tls("127.0.0.1")
    foreign, _ = certificate(tmp_path, "other.example")

    with pytest.raises(BrokerAway, match="(?i)certificate"):
        Link(url, ca=foreign).open()
