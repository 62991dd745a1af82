import { isIPv4 } from 'node:net';

const SIGNATURE = Buffer.from('0d0a0d0a000d0a515549540a', 'hex');

export interface ProxyProtocolEnds {
  /** `127.0.0.1:40123`, `[::1]:40123` */
  source: string;
  destination: string;
}

/**
 * The PROXY protocol's header, sent before anything else, TLS included (DestinationRule proxyProtocol; haproxy.org proxy-protocol.txt;
 * Envoy: upstream_proxy_protocol.cc). `downstream`: the ends of the connection carried on. HTTP connections carry many clients' requests and
 * have none: V1 tells the ends of the upstream connection itself, V2 says LOCAL.
 */
export function encodeProxyHeader(version: 'V1' | 'V2', downstream: ProxyProtocolEnds | null, own: ProxyProtocolEnds): Buffer {
  if (version === 'V2' && downstream === null) return Buffer.concat([SIGNATURE, Buffer.from([0x20, 0x00, 0x00, 0x00])]);
  const { source, destination } = downstream ?? own;
  const from = split(source);
  const to = split(destination);
  const v4 = isIPv4(from.address) && isIPv4(to.address);
  if (version === 'V1') {
    const family = v4 ? 'TCP4' : 'TCP6';
    const [a, b] = v4 ? [from.address, to.address] : [mapped(from.address), mapped(to.address)];
    return Buffer.from(`PROXY ${family} ${a} ${b} ${from.port} ${to.port}\r\n`, 'latin1');
  }
  const addresses = v4
    ? [...bytesOf4(from.address), ...bytesOf4(to.address)]
    : [...bytesOf6(from.address), ...bytesOf6(to.address)];
  const ports = [from.port >> 8, from.port & 255, to.port >> 8, to.port & 255];
  const length = addresses.length + ports.length;
  return Buffer.concat([SIGNATURE, Buffer.from([0x21, v4 ? 0x11 : 0x21, length >> 8, length & 255, ...addresses, ...ports])]);
}

function split(text: string): { address: string; port: number } {
  const colon = text.lastIndexOf(':');
  const address = text
    .slice(0, colon)
    .replace(/^\[|\]$/g, '')
    .replace(/^::ffff:(?=\d+\.)/, '');
  return { address, port: Number(text.slice(colon + 1)) };
}

function mapped(address: string): string {
  return isIPv4(address) ? `::ffff:${address}` : address;
}

function bytesOf4(address: string): number[] {
  return address.split('.').map(Number);
}

function bytesOf6(address: string): number[] {
  if (isIPv4(address)) return [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 255, 255, ...bytesOf4(address)];
  const [head = '', tail] = address.split('::');
  const groups = (part: string | undefined) => (part ? part.split(':').map((group) => Number.parseInt(group, 16)) : []);
  const [left, right] = [groups(head), groups(tail)];
  const zeros: number[] = tail === undefined ? [] : Array.from({ length: 8 - left.length - right.length }, () => 0);
  return [...left, ...zeros, ...right].flatMap((group) => [group >> 8, group & 255]);
}
