import type { LookupAddress } from 'node:dns';
import { Environment } from '../../config/index.js';
import { AddressGuard } from './address-guard.js';
import { HostResolver } from './host-resolver.js';

/** Resolves names from a table, so that tests need no network. */
class TableResolver extends HostResolver {
  constructor(private readonly table: Record<string, string[]>) {
    super();
  }

  override async resolve(hostname: string): Promise<LookupAddress[]> {
    const addresses = this.table[hostname];
    if (!addresses) throw Object.assign(new Error(`getaddrinfo ENOTFOUND ${hostname}`), { code: 'ENOTFOUND' });
    return addresses.map((address) => ({ address, family: address.includes(':') ? 6 : 4 }));
  }
}

function aGuard({ allowed = [] as string[], allowPrivate = false, names = {} } = {}): AddressGuard {
  const environment = Object.assign(new Environment(), {
    VEDETTE_WEBHOOK_ALLOWED_HOSTS: allowed,
    VEDETTE_WEBHOOK_ALLOW_PRIVATE: allowPrivate,
  });
  return new AddressGuard(environment, new TableResolver(names));
}

const HOSTILE: [url: string, reason: string][] = [
  ['https://127.0.0.1/', '127.0.0.1 is loopback'],
  ['https://127.255.255.254/', 'loopback'],
  ['https://2130706433/', '127.0.0.1 is loopback'],
  ['https://0x7f000001/', '127.0.0.1 is loopback'],
  ['https://0177.0.0.1/', '127.0.0.1 is loopback'],
  ['https://0x7f.1/', '127.0.0.1 is loopback'],
  ['https://127.1/', '127.0.0.1 is loopback'],
  ['https://127.0.0.1./', 'loopback'],
  ['https://①②⑦.⓪.⓪.①/', 'loopback'],
  ['https://localhost/', 'loopback'],
  ['https://LOCALHOST./', 'loopback'],
  ['https://app.localhost/', 'loopback'],
  ['https://0.0.0.0/', 'unspecified'],
  ['https://0/', 'unspecified'],
  ['https://[::]/', 'unspecified'],
  ['https://[::1]/', 'loopback'],
  ['https://[0:0:0:0:0:0:0:1]/', 'loopback'],
  ['https://[::ffff:127.0.0.1]/', 'loopback'],
  ['https://[::ffff:7f00:1]/', 'loopback'],
  ['https://[::ffff:0:127.0.0.1]/', 'loopback'],
  ['https://[::127.0.0.1]/', 'reserved'],
  ['https://[64:ff9b::127.0.0.1]/', 'loopback'],
  ['https://[64:ff9b::a9fe:a9fe]/', 'metadata'],
  ['https://[64:ff9b:1::1]/', 'reserved'],
  ['https://[2002:7f00:1::]/', 'loopback'],
  ['https://[2002:a9fe:a9fe::1]/', 'metadata'],
  ['https://[2001:0:4136:e378:8000:63bf:80ff:fffe]/', 'loopback'],
  ['https://169.254.169.254/latest/meta-data/', '169.254.169.254 is a metadata service'],
  ['https://[::ffff:169.254.169.254]/', 'metadata'],
  ['https://169.254.170.2/', 'metadata'],
  ['https://168.63.129.16/', 'metadata'],
  ['https://100.100.100.200/', 'metadata'],
  ['https://192.0.0.192/', 'metadata'],
  ['https://[fd00:ec2::254]/', 'metadata'],
  ['https://[fd20:ce::254]/', 'metadata'],
  ['https://169.254.1.1/', 'link-local'],
  ['https://[fe80::1]/', 'link-local'],
  ['https://224.0.0.1/', 'multicast'],
  ['https://[ff02::1]/', 'multicast'],
  ['https://255.255.255.255/', 'reserved'],
  ['https://240.0.0.1/', 'reserved'],
  ['https://198.18.0.1/', 'reserved'],
  ['https://192.0.2.1/', 'reserved'],
  ['https://[2001:db8::1]/', 'reserved'],
  ['https://[fec0::1]/', 'reserved'],
  ['https://[100::1]/', 'reserved'],
  ['https://100.64.0.1/', 'carrier-grade NAT'],
  ['https://10.0.0.1/', '10.0.0.1 is private'],
  ['https://172.16.0.1/', 'private'],
  ['https://192.168.1.1/', 'private'],
  ['https://[fd12:3456::1]/', 'private'],
  ['https://[::ffff:10.0.0.1]/', 'private'],
  ['http://example.com/', 'http:// to example.com is not https://'],
  ['http://8.8.8.8/', 'not https://'],
  ['ftp://example.com/', 'ftp:// is not https://'],
  ['file:///etc/passwd', 'file:// is not https://'],
  ['data:text/plain,x', 'data:// is not https://'],
  ['gopher://127.0.0.1:6379/_SET', 'gopher:// is not https://'],
  ['https://user@example.com/', 'user name or a password'],
  ['https://:secret@example.com/', 'user name or a password'],
  ['https://example.com@127.0.0.1/', 'user name or a password'],
  [`https://example.com/${'a'.repeat(2048)}`, 'longer than 2048'],
  ['//example.com/', 'not a URL'],
  ['https://', 'not a URL'],
  ['https://[::1', 'not a URL'],
  ['https://1.2.3.4.5/', 'not a URL'],
  ['', 'not a URL'],
];

describe('AddressGuard', () => {
  it.each(HOSTILE)('refuses %s', (url, reason) => {
    expect(() => aGuard().checkUrl(url)).toThrow(reason);
  });

  it('reads a backslash as a slash, like browsers', () => {
    expect(aGuard().checkUrl('https://example.com\\@127.0.0.1/').hostname).toBe('example.com');
  });

  it.each([
    'https://example.com/hook?x=1',
    'https://8.8.8.8:8443/',
    'https://[2606:4700:4700::1111]/',
    'https://[64:ff9b::8.8.8.8]/',
  ])('accepts %s', (url) => {
    expect(() => aGuard().checkUrl(url)).not.toThrow();
  });

  it('shows neither path nor query of a refused URL', () => {
    let message = '';
    try {
      aGuard().checkUrl('https://10.0.0.1/services/T000/SECRET?token=SECRET');
    } catch (error) {
      message = (error as Error).message;
    }
    expect(message).toBe('refused by the address guard: 10.0.0.1 is private');
  });

  describe('with allowed hosts', () => {
    const guard = aGuard({
      allowed: ['127.0.0.1:9000', 'hooks.internal', '[::1]:9001', '::ffff:10.0.0.9', 'plain.example:80'],
    });

    it.each([
      'http://127.0.0.1:9000/',
      'https://127.0.0.1:9000/',
      'http://hooks.internal:1234/',
      'http://HOOKS.internal./',
      'http://[::1]:9001/',
      'https://[::ffff:a00:9]/',
      'http://plain.example/',
    ])('accepts %s', (url) => {
      expect(() => guard.checkUrl(url)).not.toThrow();
    });

    it.each([
      'http://127.0.0.1:9001/',
      'http://127.0.0.1/',
      'http://127.0.0.2:9000/',
      'https://[::1]/',
      'http://x.hooks.internal/',
      'http://plain.example:81/',
    ])('refuses %s', (url) => {
      expect(() => guard.checkUrl(url)).toThrow('refused by the address guard');
    });

    it('still refuses a user name, and a name that is not allowed but resolves to an allowed address', async () => {
      const rebinding = aGuard({ allowed: ['127.0.0.1:443'], names: { 'evil.example': ['127.0.0.1'] } });

      expect(() => guard.checkUrl('http://user@hooks.internal/')).toThrow('user name');
      await expect(rebinding.checkForSaving('https://evil.example/')).rejects.toThrow(
        'evil.example resolves to 127.0.0.1, which is loopback',
      );
    });

    it.each(['http://host', 'host:port', 'user@host', 'host/path', '[::1', 'a b', ''])(
      'fails at start because of the entry "%s"',
      (entry) => {
        expect(() => aGuard({ allowed: [entry] })).toThrow('VEDETTE_WEBHOOK_ALLOWED_HOSTS');
      },
    );
  });

  describe('with private networks allowed', () => {
    const guard = aGuard({ allowPrivate: true });

    it.each(['https://10.0.0.1/', 'https://192.168.1.1/', 'https://[fd12::1]/'])('accepts %s', (url) => {
      expect(() => guard.checkUrl(url)).not.toThrow();
    });

    it.each([
      'https://127.0.0.1/',
      'https://169.254.169.254/',
      'https://[fd00:ec2::254]/',
      'https://100.64.0.1/',
      'http://10.0.0.1/',
    ])('still refuses %s', (url) => {
      expect(() => guard.checkUrl(url)).toThrow('refused by the address guard');
    });
  });

  describe('when an endpoint is saved', () => {
    const guard = aGuard({
      allowed: ['hooks.internal'],
      names: {
        'good.example': ['8.8.8.8'],
        'mixed.example': ['8.8.8.8', '169.254.169.254'],
        'hooks.internal': ['10.0.0.1'],
      },
    });

    it('checks every address of the name', async () => {
      await expect(guard.checkForSaving('https://mixed.example/')).rejects.toThrow(
        'mixed.example resolves to 169.254.169.254, which is a metadata service',
      );
      await expect(guard.checkForSaving('https://good.example/a#b')).resolves.toHaveProperty(
        'href',
        'https://good.example/a',
      );
    });

    it('accepts a name that does not resolve yet, and an allowed name with any address', async () => {
      await expect(guard.checkForSaving('https://unknown.example/')).resolves.toHaveProperty(
        'hostname',
        'unknown.example',
      );
      await expect(guard.checkForSaving('http://hooks.internal/')).resolves.toHaveProperty(
        'hostname',
        'hooks.internal',
      );
    });
  });
});
