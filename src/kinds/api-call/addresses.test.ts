import { describe, expect, it } from 'vitest';
import { refusal } from './addresses.js';

const METADATA = [
  '169.254.169.254',
  '169.254.0.1',
  'fe80::1',
  'fe80::1%eth0',
  'febf::1',
  '100.100.100.200',
  '168.63.129.16',
  'fd00:ec2::254',
  'fd20:ce::254',
  '::ffff:169.254.169.254',
  '::ffff:a9fe:a9fe',
  '::ffff:0:169.254.169.254',
  '64:ff9b::a9fe:a9fe',
  '64:ff9b:1::a9fe:a9fe',
  '::169.254.169.254',
  '2002:a9fe:a9fe::1',
  '64:ff9b::100.100.100.200',
];
const PRIVATE = [
  '127.0.0.1',
  '127.9.9.9',
  '0.0.0.0',
  '0.1.2.3',
  '10.0.0.1',
  '172.16.0.1',
  '172.31.255.255',
  '192.168.1.1',
  '100.64.0.1',
  '198.18.0.1',
  '224.0.0.1',
  '255.255.255.255',
  '::',
  '::1',
  'fc00::1',
  'fd12:3456::1',
  'fec0::1',
  'ff02::1',
  '::ffff:127.0.0.1',
  '::ffff:0.0.0.0',
  '64:ff9b::10.0.0.1',
  '::127.0.0.1',
  '2002:7f00:1::',
];
const PUBLIC = ['1.1.1.1', '172.32.0.1', '100.128.0.1', '2606:4700::1111', '::ffff:1.1.1.1', '64:ff9b::1.1.1.1'];

describe('refusal', () => {
  it.each(METADATA)('refuses %s also where private addresses are allowed', (address) => {
    expect(refusal(address, 'allow')).toMatch(/metadata/);
    expect(refusal(address, 'deny')).toMatch(/metadata/);
  });

  it.each(PRIVATE)('refuses %s only where private addresses are denied', (address) => {
    expect(refusal(address, 'allow')).toBeUndefined();
    expect(refusal(address, 'deny')).toMatch(/private/);
  });

  it.each(PUBLIC)('lets %s pass', (address) => {
    expect(refusal(address, 'deny')).toBeUndefined();
  });
});
