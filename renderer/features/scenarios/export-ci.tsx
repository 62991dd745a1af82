import type { Resource } from '../../../proxy/api/diagnostic.schema.ts';
import { Button, Code, Dialog, Notice } from '../../ui/index.ts';
import { saveText } from '../../ui/save-text.ts';

/** The scenario as a step of a pipeline: the command, and how the common services write it down. */
export function ExportCi({ scenario, onClose }: { scenario: Resource; onClose: () => void }) {
  const { name, source, yaml } = scenario;
  const isLive = source.file === '' || source.live;
  const file = isLive ? `${name}.yaml` : source.file;
  const command = ciCommand(file, name);
  return (
    <Dialog
      open
      onClose={onClose}
      size="wide"
      title={`${name} in CI`}
      description="One engine without a window; exit code 0 when every expectation is met, 1 when not, and a JUnit report."
    >
      <div className="scn-export">
        {isLive && (
          <Notice tone="info">
            This scenario stands in no file yet. Save it beside the mesh file and name that with <code>-f</code>.{' '}
            <Button size="small" onClick={() => saveText(file, yaml, 'text/yaml')}>
              Save {file}
            </Button>
          </Notice>
        )}
        <h3>Command</h3>
        <Code text={command} />
        <h3>GitHub Actions</h3>
        <Code text={githubSteps(command, name)} />
        <h3>GitLab CI</h3>
        <Code text={gitlabJob(command, name)} />
      </div>
    </Dialog>
  );
}

/** `-f` names the rest of the mesh where the scenario's file does not hold it. */
function ciCommand(file: string, name: string): string {
  return `npx drydock scenario run ${file} -f drydock.yaml --name ${name} --junit ${name}.xml`;
}

function githubSteps(command: string, name: string): string {
  return `- run: npm ci
- run: ${command}
- uses: actions/upload-artifact@v4
  if: always()
  with: {name: ${name}, path: ${name}.xml}
`;
}

function gitlabJob(command: string, name: string): string {
  return `${name}:
  script:
    - npm ci
    - ${command}
  artifacts:
    when: always
    reports: {junit: ${name}.xml}
`;
}
