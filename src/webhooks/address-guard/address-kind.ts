import ipaddr, { type IPv4, type IPv6 } from 'ipaddr.js';

/** The kind of an address. Webhooks always may reach `public`; `private` needs a setting of the deployment. */
export type AddressKind =
  | 'public'
  | 'private'
  | 'loopback'
  | 'link-local'
  | 'a metadata service'
  | 'multicast'
  | 'unspecified'
  | 'carrier-grade NAT'
  | 'reserved';

/** Addresses where cloud providers give out credentials. Some are in ranges that are otherwise harmless. */
const METADATA = [
  '169.254.169.254/32', // AWS, Azure, Google Cloud, and most others
  '169.254.170.2/32', // AWS container credentials
  '169.254.170.23/32', // AWS EKS pod identity
  '168.63.129.16/32', // Azure's wire server
  '100.100.100.200/32', // Alibaba Cloud
  '192.0.0.192/32', // Oracle Cloud
  'fd00:ec2::/32', // AWS over IPv6
  'fd20:ce::254/128', // Google Cloud over IPv6
].map((range) => ipaddr.parseCIDR(range));

/** Ranges of the IANA registry that contain an IPv4 address, and its position in the 16 bytes. */
const EMBEDDED_IPV4: readonly { range: [IPv4 | IPv6, number]; at: number; inverted?: boolean }[] = [
  { range: ipaddr.parseCIDR('::ffff:0:0/96'), at: 12 }, // v4-mapped, RFC 4291
  { range: ipaddr.parseCIDR('::ffff:0:0:0/96'), at: 12 }, // v4-translated, RFC 2765
  { range: ipaddr.parseCIDR('64:ff9b::/96'), at: 12 }, // NAT64, RFC 6052
  { range: ipaddr.parseCIDR('2002::/16'), at: 2 }, // 6to4, RFC 3056
  { range: ipaddr.parseCIDR('2001::/32'), at: 12, inverted: true }, // Teredo, RFC 4380
];

const KIND_OF_IPV4_RANGE: Partial<Record<string, AddressKind>> = {
  unicast: 'public',
  as112: 'public',
  amt: 'public',
  private: 'private',
  loopback: 'loopback',
  linkLocal: 'link-local',
  multicast: 'multicast',
  unspecified: 'unspecified',
  carrierGradeNat: 'carrier-grade NAT',
};

const KIND_OF_IPV6_RANGE: Partial<Record<string, AddressKind>> = {
  uniqueLocal: 'private',
  loopback: 'loopback',
  linkLocal: 'link-local',
  multicast: 'multicast',
  unspecified: 'unspecified',
};

const GLOBAL_UNICAST = ipaddr.parseCIDR('2000::/3');

/**
 * Classifies an address literal. An IPv4 address inside an IPv6 one (v4-mapped, NAT64, 6to4, Teredo) is classified as
 * the IPv4 address, because packets may reach that one. Unknown ranges are `reserved`.
 * @param literal an address that `net.isIP` accepts, without brackets.
 */
export function addressKind(literal: string): AddressKind {
  const address = unwrap(ipaddr.parse(literal.replace(/%.*$/, '')));
  if (METADATA.some((range) => isWithin(address, range))) return 'a metadata service';
  if (address.kind() === 'ipv4') return KIND_OF_IPV4_RANGE[address.range()] ?? 'reserved';
  const range = address.range();
  if (range === 'unicast' && isWithin(address, GLOBAL_UNICAST)) return 'public';
  return KIND_OF_IPV6_RANGE[range] ?? 'reserved';
}

function unwrap(address: IPv4 | IPv6): IPv4 | IPv6 {
  if (address.kind() === 'ipv4') return address;
  const wrapping = EMBEDDED_IPV4.find(({ range }) => isWithin(address, range));
  if (!wrapping) return address;
  const bytes = address.toByteArray().slice(wrapping.at, wrapping.at + 4);
  return ipaddr.fromByteArray(wrapping.inverted ? bytes.map((byte) => byte ^ 0xff) : bytes);
}

function isWithin(address: IPv4 | IPv6, range: [IPv4 | IPv6, number]): boolean {
  return address.kind() === range[0].kind() && address.match(range);
}
