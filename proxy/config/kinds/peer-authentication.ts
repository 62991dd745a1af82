import type { Diagnostic } from '../../api/diagnostic.schema.ts';
import type { ParsedResource } from '../parse.ts';
import { Checker } from './check.ts';
import type { PeerAuthenticationSpec } from './istio-types.ts';

export function checkPeerAuthentication(resource: ParsedResource): Diagnostic[] {
  const check = new Checker(resource);
  const spec = resource.spec as PeerAuthenticationSpec;
  const selected = Object.keys(spec.selector?.matchLabels ?? {}).length > 0;
  if (spec.portLevelMtls && !selected) {
    check.error(
      ['spec', 'portLevelMtls'],
      'portLevelMtls needs a selector: ports belong to workloads.',
      'Add selector.matchLabels.',
    );
  }
  for (const port of Object.keys(spec.portLevelMtls ?? {})) {
    if (!/^\d+$/.test(port) || Number(port) < 1 || Number(port) > 65_535) {
      check.error(['spec', 'portLevelMtls', port], `\`${port}\` is not a port number.`);
    }
  }
  return check.diagnostics;
}
