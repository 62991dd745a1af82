import type { LocalReply } from '../../exchange.ts';

/** Why a token is refused; the texts are Envoy's response bodies (jwt_verify_lib getStatusString). */
export const jwtFailures = {
  missing: 'Jwt is missing',
  notYetValid: 'Jwt not yet valid',
  expired: 'Jwt is expired',
  badFormat: 'Jwt is not in the form of Header.Payload.Signature with two dots and 3 sections',
  headerBase64: 'Jwt header is an invalid Base64url encoded',
  headerJson: 'Jwt header is an invalid JSON',
  headerAlg: 'Jwt header [alg] field is required and must be a string',
  algUnsupported: 'Jwt header [alg] is not supported',
  headerKid: 'Jwt header [kid] field is not a string',
  payloadBase64: 'Jwt payload is an invalid Base64url encoded',
  payloadJson: 'Jwt payload is an invalid JSON',
  issNotString: 'Jwt payload [iss] field is not a string',
  subNotString: 'Jwt payload [sub] field is not a string',
  iatNotInteger: 'Jwt payload [iat] field is not an integer',
  nbfNotInteger: 'Jwt payload [nbf] field is not an integer',
  expNotInteger: 'Jwt payload [exp] field is not an integer',
  iatNegative: 'Jwt payload [iat] field is not a positive 64 bit integer',
  nbfNegative: 'Jwt payload [nbf] field is not a positive 64 bit integer',
  expNegative: 'Jwt payload [exp] field is not a positive 64 bit integer',
  audNotString: 'Jwt payload [aud] field is not a string or string list',
  signatureBase64: 'Jwt signature is an invalid Base64url encoded',
  unknownIssuer: 'Jwt issuer is not configured',
  audience: 'Audiences in Jwt are not allowed',
  verification: 'Jwt verification fails',
  noKey: "Jwks doesn't have key to match kid or alg from Jwt",
} as const;
export type JwtFailure = keyof typeof jwtFailures;

/** 403 for a foreign audience, 401 for the rest; the reason is the body. `uri`: scheme://host/path of the request, at most 256 of path. */
export function jwtReply(failure: JwtFailure, uri: string): LocalReply {
  const text = jwtFailures[failure];
  const error = failure === 'missing' ? '' : ', error="invalid_token"';
  return {
    status: failure === 'audience' ? 403 : 401,
    body: text,
    flag: '',
    details: `jwt_authn_access_denied{${text.replaceAll(' ', '_')}}`,
    headers: [['www-authenticate', `Bearer realm="${uri}"${error}`]],
  };
}
