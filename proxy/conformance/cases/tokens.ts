import { createSign, generateKeyPairSync } from 'node:crypto';
import type { Case } from '../case.ts';

const { publicKey, privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
export const stranger = generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey;
/** The issuer's key set, and keys nobody published. */
export const jwks = JSON.stringify({ keys: [{ ...publicKey.export({ format: 'jwk' }), kid: 'k1', alg: 'RS256', use: 'sig' }] });
export const part = (value: object): string => Buffer.from(JSON.stringify(value)).toString('base64url');
/** A token of `issuer` for `kim`, valid for decades; claims and head may say otherwise. */
export const token = (claims: object, head: object = {}, key = privateKey): string => {
  const signed = `${part({ alg: 'RS256', typ: 'JWT', kid: 'k1', ...head })}.${part({ iss: 'issuer', sub: 'kim', exp: 4_102_444_800, ...claims })}`;
  return `${signed}.${createSign('sha256').update(signed).sign(key, 'base64url')}`;
};
export const bearer = (text: string): Partial<Case> => ({ headers: { authorization: `Bearer ${text}` } });
