import { expect, test } from 'vitest';
import { toJavaScript } from './build-engine.mjs';

test('our own modules are named as they are after the build, in imports and in workers’ URLs', async () => {
  const source =
    "import { a } from './a.ts';\nexport const worker: URL = new URL('../b/worker.ts', import.meta.url);\nconsole.log(a, 'x.ts');\n";
  const code = await toJavaScript('c/c.ts', source);
  expect(code).toContain('"./a.js"');
  expect(code).toContain('"../b/worker.js"');
  expect(code).toContain('"x.ts"');
  expect(code).not.toContain(': URL');
});

test('a JSON import keeps its attribute: Node refuses it without', async () => {
  const code = await toJavaScript('c.ts', "import fields from './fields.json' with { type: 'json' };\nexport default fields;\n");
  expect(code).toMatch(/from "\.\/fields\.json" with \{ type: "json" \}/);
});
