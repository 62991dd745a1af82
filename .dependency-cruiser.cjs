// The layers of ARCHITECTURE.md, checked on resolved paths: a folder may import only what is listed for it.
const ours = '^(proxy|renderer|electron|e2e|bench|samples)/';

/** Tests, and what only tests import. */
const tests = '(\\.test\\.tsx?|(^|/|-)(test-kit|test-exchange)\\.ts|\\.test-helper\\.ts)$';

/** Files under `from` may import, of our own, only paths that match one of `to` (or lie in the same folder). */
const only = (name, from, to) => ({
  name,
  severity: 'error',
  from: { path: from, pathNot: tests },
  to: { path: ours, pathNot: to },
});

module.exports = {
  forbidden: [
    { name: 'no-circular', severity: 'error', from: {}, to: { circular: true, viaOnly: { dependencyTypesNot: ['type-only'] } } },
    { name: 'no-unresolvable', severity: 'error', from: {}, to: { couldNotResolve: true } },
    only('api-imports-nothing', '^proxy/api/', ['^proxy/api/']),
    { name: 'api-without-node', severity: 'error', from: { path: '^proxy/api/' }, to: { dependencyTypes: ['core'] } },
    only('shared-is-layer-1', '^proxy/shared/', ['^proxy/(api|shared)/']),
    only('pki-is-layer-2', '^proxy/pki/', ['^proxy/(api|shared|pki)/']),
    only('store-is-layer-2', '^proxy/store/', ['^proxy/(api|shared|store)/']),
    only('config-is-layer-2', '^proxy/config/', ['^proxy/(api|shared|config)/']),
    only('data-plane-is-layer-3', '^proxy/data-plane/', ['^proxy/(api|shared|data-plane)/']),
    only('telemetry-is-layer-4', '^proxy/telemetry/', ['^proxy/(api|shared|pki|store|config|telemetry)/']),
    only('recorder-is-layer-4', '^proxy/recorder/', ['^proxy/(api|shared|pki|store|config|recorder)/']),
    only('scenarios-is-layer-4', '^proxy/scenarios/', ['^proxy/(api|shared|pki|store|config|scenarios)/']),
    only('control-plane-is-layer-5', '^proxy/control-plane/', [
      '^proxy/(api|shared|pki|store|config|telemetry|recorder|scenarios|control-plane)/',
      '^proxy/data-plane/((snapshot|messages)\\.ts$|snapshot/)',
      // A replay sends with the data plane's own HTTP/1.1 client rather than with a second one.
      '^proxy/data-plane/(header-map|stream|upstream/http1-connection|upstream/direct-reads)\\.ts$',
    ]),
    only('renderer-imports-api-only', '^renderer/', ['^proxy/api/', '^renderer/']),
    only('electron-imports-api-only', '^electron/', ['^proxy/api/', '^electron/']),
    {
      name: 'route-filters-are-strangers',
      comment: 'Stages never import each other; request-path.ts joins them.',
      severity: 'error',
      from: { path: '^proxy/data-plane/route-filters/([^/]+)/', pathNot: '\\.test\\.ts$' },
      to: { path: '^proxy/data-plane/route-filters/([^/]+)/', pathNot: '^proxy/data-plane/route-filters/$1/' },
    },
  ],
  options: {
    // TypeScript 7 has no API yet for others to parse with; without a parser the cruiser silently skips every .ts file.
    parser: 'swc',
    doNotFollow: { path: 'node_modules' },
    exclude: { path: '(^|/)(dist|out)/' },
    tsPreCompilationDeps: true,
    tsConfig: { fileName: 'tsconfig.json' },
    enhancedResolveOptions: { exportsFields: ['exports'], conditionNames: ['import', 'require', 'node', 'default', 'types'] },
  },
};
