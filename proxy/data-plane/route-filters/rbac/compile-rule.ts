import { isIP } from 'node:net';
import { compileIpBlocks } from '../../../shared/ip-blocks.ts';
import type { ExchangeState } from '../../exchange.ts';
import { pathWithoutQuery } from '../../route/authority.ts';
import { claimValues } from '../../route/match-request.ts';
import { normalizePath } from '../../route/normalize-path.ts';
import type { AuthorizationRule, OperationMatch, SourceMatch } from '../../snapshot.ts';
import type { ConnectionInfo } from '../../stream.ts';
import { addressWithoutPort, compilePath, compileRequestPrincipal, compileValue } from './match-value.ts';

/** What a policy may look at. `http` is null for a TCP connection. */
export interface AuthorizationInput {
  connection: Pick<ConnectionInfo, 'peerSpiffeId' | 'remoteAddress' | 'localAddress' | 'sni'>;
  /** Service port the connection is for. */
  port: number;
  http: Pick<ExchangeState, 'method' | 'authority' | 'path' | 'headers'> | null;
  jwt: ExchangeState['jwt'];
}

/** One attribute of a rule: OR over the values, NOT over `not` values. Returns '' when it holds, else the reason. */
interface AttributeCheck {
  holds(input: AuthorizationInput): boolean;
  reason(input: AuthorizationInput): string;
  /** What it looked at, when it holds: `method POST`. */
  found(input: AuthorizationInput): string;
}

/** from OR, to OR, when AND. */
export interface CompiledRule {
  from: AttributeCheck[][];
  to: AttributeCheck[][];
  when: AttributeCheck[];
}

/** An attribute: how to read it (several values for lists) and how to compile what a policy compares it with. */
interface Attribute {
  name: string;
  httpOnly: boolean;
  read(input: AuthorizationInput): string[];
  compile(values: string[]): (value: string) => boolean;
  /** A value in words; default: as it is. */
  display?(value: string): string;
}

const anyOf = (compile: (pattern: string) => (value: string) => boolean) => (values: string[]) => {
  const matchers = values.map(compile);
  return (value: string) => matchers.some((matches) => matches(value));
};
const plainValues = anyOf((pattern) => compileValue(pattern));

const attribute = (name: string, read: Attribute['read'], over: Partial<Attribute> = {}): Attribute => ({
  name,
  httpOnly: false,
  read,
  compile: plainValues,
  ...over,
});

const escapeRegExp = (text: string): string => text.replace(/[.*+?^${}()|[\]\\/]/g, '\\$&');
const one = (value: string): string[] => (value === '' ? [] : [value]);
const principalOf = (input: AuthorizationInput) => input.connection.peerSpiffeId.replace(/^spiffe:\/\//, '');
const identityPatterns = { ns: /\/ns\/([^/]+)/, sa: /\/sa\/([^/]+)/ };
const identityPart = (input: AuthorizationInput, part: 'ns' | 'sa') =>
  identityPatterns[part].exec(input.connection.peerSpiffeId)?.[1] ?? '';
/** Sidecars and gateways without trusted proxies in front take the last address of x-forwarded-for. */
const remoteAddress = (input: AuthorizationInput) => {
  const forwarded = input.http?.headers.getJoined('x-forwarded-for')?.split(',').at(-1)?.trim() ?? '';
  return isIP(forwarded) === 0 ? addressWithoutPort(input.connection.remoteAddress) : forwarded;
};

const principals = attribute('principal', (input) => one(principalOf(input)));
/** Judged on the whole identity, as istiod's regex does: `*` may stand anywhere, and reaches across slashes. */
const namespaces = attribute('source namespace', (input) => one(input.connection.peerSpiffeId), {
  compile: anyOf((pattern) => {
    const name = pattern.split('*').map(escapeRegExp).join('.*');
    const whole = new RegExp(`^.*/ns/${name}/.*$`);
    return (identity) => whole.test(identity);
  }),
  display: (identity) => identityPatterns.ns.exec(identity)?.[1] ?? identity,
});
const ipBlocks = attribute('source IP', (input) => one(addressWithoutPort(input.connection.remoteAddress)), {
  compile: compileIpBlocks,
});
const remoteIpBlocks = attribute('remote IP', (input) => one(remoteAddress(input)), { compile: compileIpBlocks });
const requestPrincipals = attribute(
  'request principal',
  (input) => {
    const { iss, sub } = input.jwt?.claims ?? {};
    return typeof iss === 'string' && typeof sub === 'string' ? [`${iss}\n${sub}`] : [];
  },
  { httpOnly: true, compile: anyOf(compileRequestPrincipal), display: (value) => value.replace('\n', '/') },
);
const hosts = attribute('host', (input) => one(input.http?.authority ?? ''), {
  httpOnly: true,
  compile: anyOf((pattern) => compileValue(pattern, true)),
});
const methods = attribute('method', (input) => one(input.http?.method ?? ''), { httpOnly: true });
const paths = attribute(
  'path',
  (input) => one(input.http === null ? '' : pathWithoutQuery(normalizePath(input.http.path) ?? input.http.path)),
  {
    httpOnly: true,
    compile: anyOf(compilePath),
  },
);
const ports = attribute('port', (input) => [String(input.port)]);

/** `ns/sa`, or `sa` in the policy's own namespace; no wildcards. */
function serviceAccounts(policyNamespace: string): Attribute {
  return attribute(
    'service account',
    (input) => {
      const account = identityPart(input, 'sa');
      return account === '' ? [] : [`${identityPart(input, 'ns')}/${account}`];
    },
    {
      compile: (values) => {
        const full = new Set(values.map((value) => (value.includes('/') ? value : `${policyNamespace}/${value}`)));
        return (value) => full.has(value);
      },
    },
  );
}

/** Attributes of `when`. Null: not an attribute Istio knows (experimental.envoy.* needs dynamic metadata we do not have). */
function whenAttribute(key: string, policyNamespace: string): Attribute | null {
  const fixed: Record<string, Attribute> = {
    'source.ip': ipBlocks,
    'remote.ip': remoteIpBlocks,
    'source.namespace': namespaces,
    'source.principal': principals,
    'source.serviceAccount': serviceAccounts(policyNamespace),
    'request.auth.principal': requestPrincipals,
    'request.auth.audiences': attribute('audience', (input) => input.jwt?.audiences ?? [], { httpOnly: true }),
    'request.auth.presenter': attribute('presenter', (input) => claimValues(input.jwt?.claims ?? {}, ['azp']), {
      httpOnly: true,
    }),
    'destination.ip': attribute('destination IP', (input) => one(addressWithoutPort(input.connection.localAddress)), {
      compile: compileIpBlocks,
    }),
    'destination.port': ports,
    'connection.sni': attribute('SNI', (input) => one(input.connection.sni)),
  };
  if (Object.hasOwn(fixed, key)) return fixed[key]!;
  const header = /^request\.headers\[([^\]]+)\]$/.exec(key)?.[1];
  if (header !== undefined) {
    const name = header.toLowerCase();
    // A present but empty header counts for `*`, as Envoy's present_match does.
    return attribute(`header ${name}`, (input) => readHeader(input, name), {
      httpOnly: true,
      compile: anyOf((pattern) => (pattern === '*' ? () => true : compileValue(pattern))),
    });
  }
  if (/^request\.auth\.claims(\[[^\]]+\])+$/.test(key)) {
    const path = [...key.matchAll(/\[([^\]]+)\]/g)].map((match) => match[1]!);
    return attribute(`claim ${path.join('.')}`, (input) => (input.jwt === null ? [] : claimValues(input.jwt.claims, path)), {
      httpOnly: true,
    });
  }
  return null;
}

function readHeader(input: AuthorizationInput, name: string): string[] {
  if (input.http === null) return [];
  const pseudo: Record<string, string> = {
    ':authority': input.http.authority,
    host: input.http.authority,
    ':method': input.http.method,
    ':path': input.http.path,
  };
  // Every value for itself, as Envoy matches repeated headers.
  return Object.hasOwn(pseudo, name) ? [pseudo[name]!] : input.http.headers.getAll(name);
}

function check(attr: Attribute, values: string[], notValues: string[]): AttributeCheck[] {
  const checks: AttributeCheck[] = [];
  const shown = (input: AuthorizationInput) =>
    attr
      .read(input)
      .map((value) => attr.display?.(value) ?? value)
      .join(', ');
  if (values.length > 0) {
    const matches = attr.compile(values);
    checks.push({
      holds: (input) => attr.read(input).some(matches),
      reason: (input) => {
        const actual = shown(input);
        return actual === '' ? `there is no ${attr.name}` : `${attr.name} ${actual} is not among ${values.join(', ')}`;
      },
      found: (input) => `${attr.name} ${shown(input)}`,
    });
  }
  if (notValues.length > 0) {
    const matches = attr.compile(notValues);
    checks.push({
      holds: (input) => !attr.read(input).some(matches),
      reason: (input) => `${attr.name} ${shown(input)} is excluded by ${notValues.join(', ')}`,
      found: (input) => `${attr.name} ${shown(input) || 'none'} is not ${notValues.join(' or ')}`,
    });
  }
  return checks;
}

/** On a TCP port HTTP attributes cannot be judged: an ALLOW rule that has one is dropped, other actions lose just the attribute, which widens them. */
class HttpOnlyAttribute extends Error {}

interface RuleContext {
  policyNamespace: string;
  tcp: boolean;
  dropsRule: boolean;
}

function checkUnlessTcp(attr: Attribute, values: string[], notValues: string[], context: RuleContext): AttributeCheck[] {
  if (context.tcp && attr.httpOnly && values.length + notValues.length > 0) {
    if (context.dropsRule) throw new HttpOnlyAttribute(attr.name);
    return [];
  }
  return check(attr, values, notValues);
}

function compileSource(source: SourceMatch, context: RuleContext): AttributeCheck[] {
  const accounts = serviceAccounts(context.policyNamespace);
  return [
    ...checkUnlessTcp(principals, source.principals, source.notPrincipals, context),
    ...checkUnlessTcp(requestPrincipals, source.requestPrincipals, source.notRequestPrincipals, context),
    ...checkUnlessTcp(namespaces, source.namespaces, source.notNamespaces, context),
    ...checkUnlessTcp(accounts, source.serviceAccounts, source.notServiceAccounts, context),
    ...checkUnlessTcp(ipBlocks, source.ipBlocks, source.notIpBlocks, context),
    ...checkUnlessTcp(remoteIpBlocks, source.remoteIpBlocks, source.notRemoteIpBlocks, context),
  ];
}

function compileOperation(operation: OperationMatch, context: RuleContext): AttributeCheck[] {
  return [
    ...checkUnlessTcp(hosts, operation.hosts, operation.notHosts, context),
    ...checkUnlessTcp(methods, operation.methods, operation.notMethods, context),
    ...checkUnlessTcp(paths, operation.paths, operation.notPaths, context),
    ...checkUnlessTcp(ports, operation.ports, operation.notPorts, context),
  ];
}

const neverHolds: AttributeCheck = {
  holds: () => false,
  reason: () => 'the condition names an attribute this proxy does not have',
  found: () => '',
};

/** Null: the rule cannot apply on a TCP port and is dropped. */
export function compileRule(rule: AuthorizationRule, context: RuleContext): CompiledRule | null {
  try {
    return {
      from: rule.from.map((source) => compileSource(source, context)),
      to: rule.to.map((operation) => compileOperation(operation, context)),
      when: rule.when.flatMap(({ key, values, notValues }) => {
        const attr = whenAttribute(key, context.policyNamespace);
        return attr === null ? [neverHolds] : checkUnlessTcp(attr, values, notValues, context);
      }),
    };
  } catch (error) {
    if (error instanceof HttpOnlyAttribute) return null;
    throw error;
  }
}

export function ruleMatches(rule: CompiledRule, input: AuthorizationInput): boolean {
  return someHolds(rule.from, input) && someHolds(rule.to, input) && rule.when.every((condition) => condition.holds(input));
}

/** The first reason a rule does not match, '' when it does. */
export function ruleMismatch(rule: CompiledRule, input: AuthorizationInput): string {
  for (const alternatives of [rule.from, rule.to]) {
    if (someHolds(alternatives, input)) continue;
    const failures = alternatives.map((checks) => checks.find((condition) => !condition.holds(input))!.reason(input));
    return failures.join('; ');
  }
  return rule.when.find((condition) => !condition.holds(input))?.reason(input) ?? '';
}

/** What made a rule match, part by part: what would have to be different for it not to. */
export function ruleMatch(rule: CompiledRule, input: AuthorizationInput): string {
  const parts = [rule.from, rule.to].map(
    (alternatives) => alternatives.find((checks) => checks.every((one) => one.holds(input))) ?? [],
  );
  const found = [...parts.flat(), ...rule.when].map((condition) => condition.found(input));
  return found.length === 0 ? 'it has no conditions' : found.join(', ');
}

function someHolds(alternatives: AttributeCheck[][], input: AuthorizationInput): boolean {
  return alternatives.length === 0 || alternatives.some((checks) => checks.every((condition) => condition.holds(input)));
}
