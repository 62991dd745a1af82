import { type Command, texts, UsageError } from '../command.ts';

export const command: Command = {
  usage: 'lint -f FILE|FOLDER…',
  summary: 'Everything that is wrong, or valid without effect, in config files. Needs no engine. Exit code 1 on errors.',
  options: { file: { type: 'string', short: 'f', multiple: true } },
  async run({ json, out, values, positionals }) {
    const files = [...texts(values, 'file'), ...positionals];
    if (files.length === 0) throw new UsageError('name a file or folder with -f');
    const { lint } = await import('../../config/index.ts');
    const diagnostics = await lint(files);
    const count = (severity: string) => diagnostics.filter((diagnostic) => diagnostic.severity === severity).length;
    if (json) out.json({ diagnostics });
    else {
      out.diagnostics(diagnostics);
      out.line(
        diagnostics.length === 0 ? out.style('green', 'No findings.') : `${count('error')} errors, ${count('warning')} warnings`,
      );
    }
    return count('error') > 0 ? 1 : 0;
  },
};
