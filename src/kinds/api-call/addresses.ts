import ipaddr from 'ipaddr.js';

/** Whether private addresses (loopback, RFC 1918, unique local, carrier NAT, …) may be called. */
export type PrivateAddresses = 'allow' | 'deny';

type Address = ipaddr.IPv4 | ipaddr.IPv6;

/** Metadata services of clouds that do not stand in a link-local range. */
const METADATA = ['100.100.100.200/32', '168.63.129.16/32', '192.0.0.192/32', 'fd00:ec2::/32', 'fd20:ce::254/128'].map(
  (range) => ipaddr.parseCIDR(range),
);

/** IPv6 forms that stand for an IPv4 address, and where its four bytes are. */
const EMBEDDED = [
  { range: ipaddr.parseCIDR('::ffff:0:0/96'), at: 12, instead: true },
  { range: ipaddr.parseCIDR('::ffff:0:0:0/96'), at: 12, instead: true },
  { range: ipaddr.parseCIDR('64:ff9b::/96'), at: 12, instead: true },
  { range: ipaddr.parseCIDR('64:ff9b:1::/48'), at: 12, instead: false },
  { range: ipaddr.parseCIDR('::/96'), at: 12, instead: false },
  { range: ipaddr.parseCIDR('2002::/16'), at: 2, instead: false },
];

/**
 * Why an IP address may not be called, or undefined when it may. Link-local and metadata addresses never may. IPv4
 * addresses inside IPv6 ones (mapped, NAT64, 6to4) are judged as what they reach.
 */
export function refusal(address: string, privateAddresses: PrivateAddresses): string | undefined {
  for (const reached of reachedBy(ipaddr.parse(address))) {
    if (reached.range() === 'linkLocal') return 'a link-local address, where cloud metadata services answer';
    if (METADATA.some((range) => within(reached, range))) return 'the address of a cloud metadata service';
    if (privateAddresses === 'deny' && reached.range() !== 'unicast') return 'a private or reserved address';
  }
  return undefined;
}

function reachedBy(address: Address): Address[] {
  const form = EMBEDDED.find(({ range }) => within(address, range));
  if (form === undefined) return [address];
  const inner = ipaddr.fromByteArray(address.toByteArray().slice(form.at, form.at + 4));
  return form.instead ? [inner] : [inner, address];
}

function within(address: Address, [network, bits]: [Address, number]): boolean {
  return address.kind() === network.kind() && address.match(network, bits);
}
