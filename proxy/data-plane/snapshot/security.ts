import type { ResourceRef } from '../../api/diagnostic.schema.ts';

/* Who may call: authorization policies, external authorizers, JWTs. */

export interface AuthorizationSnapshot {
  custom: AuthorizationPolicySnapshot[];
  audit: AuthorizationPolicySnapshot[];
  deny: AuthorizationPolicySnapshot[];
  allow: AuthorizationPolicySnapshot[];
  /** ext_authz services by provider name. */
  providers: Record<string, ExtAuthzProvider>;
}

export interface AuthorizationPolicySnapshot {
  resource: ResourceRef;
  action: 'CUSTOM' | 'AUDIT' | 'DENY' | 'ALLOW';
  provider: string;
  /** Shadow only: report, don't enforce. */
  dryRun: boolean;
  /** An empty list never matches. */
  rules: AuthorizationRule[];
}

/** from OR, to OR, when AND. An empty list means "any". */
export interface AuthorizationRule {
  from: SourceMatch[];
  to: OperationMatch[];
  when: { key: string; values: string[]; notValues: string[] }[];
}

/** Values as Istio writes them: exact, `abc*`, `*abc`, `*`. Empty list = not constrained. */
export interface SourceMatch {
  principals: string[];
  notPrincipals: string[];
  requestPrincipals: string[];
  notRequestPrincipals: string[];
  namespaces: string[];
  notNamespaces: string[];
  serviceAccounts: string[];
  notServiceAccounts: string[];
  ipBlocks: string[];
  notIpBlocks: string[];
  remoteIpBlocks: string[];
  notRemoteIpBlocks: string[];
}

export interface OperationMatch {
  hosts: string[];
  notHosts: string[];
  ports: string[];
  notPorts: string[];
  methods: string[];
  notMethods: string[];
  paths: string[];
  notPaths: string[];
}

export interface ExtAuthzProvider {
  name: string;
  url: string;
  pathPrefix: string;
  timeoutMs: number;
  failOpen: boolean;
  statusOnError: number;
  includeRequestHeadersInCheck: string[];
  /** Set on every check, whatever the client sent; absent = none. */
  additionalHeadersInCheck?: [string, string][];
  headersToUpstreamOnAllow: string[];
  /** Of the authorizer's answer, onto the response of an allowed request; absent = none. */
  headersToDownstreamOnAllow?: string[];
  headersToDownstreamOnDeny: string[];
  /** Asked by gRPC, there; absent = by HTTP at `url`. */
  grpc?: { host: string; port: number; authority: string };
  /** The request's body is part of the question; absent = it never is. `asBytes`: gRPC's raw_body. */
  body?: { maxBytes: number; allowPartial: boolean; asBytes: boolean };
}

export interface JwtSnapshot {
  resource: ResourceRef;
  issuer: string;
  audiences: string[];
  /** JWKS as JSON text; '' when it comes from jwksUri. */
  jwks: string;
  jwksUri: string;
  fromHeaders: { name: string; prefix: string }[];
  fromParams: string[];
  fromCookies: string[];
  forwardOriginalToken: boolean;
  outputPayloadToHeader: string;
  /** Claims that are lists written as text with blanks, beside permission and scope; absent = none. */
  spaceDelimitedClaims?: string[];
  outputClaimToHeaders: { header: string; claim: string }[];
}
