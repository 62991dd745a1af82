import { Clapperboard, Pause, Play } from 'lucide-react';
import type { Recording } from '../../../proxy/api/recording.schema.ts';
import type { Simulation } from '../../../proxy/api/simulation.schema.ts';
import { hrefTo } from '../../app/router.ts';
import { useRecordings } from '../../engine/use-engine.ts';
import { Button, IconButton, Menu } from '../../ui/index.ts';
import { countWords, forWhom } from '../recordings/stand-in-words.ts';
import { useStandIns } from '../recordings/use-stand-ins.ts';
import { shortName } from './short-name.ts';

/** Recordings offered in the menu; all of them stand on their own screen. */
const maxOffered = 12;

/** Who answers in the service's place on this edge (`from` null: for every caller), and the quickest way to change it. */
export function StandInSection({ service, from }: { service: string; from: string | null }) {
  const standIns = useStandIns();
  const recordings = useRecordings();
  const [namespace, name] = [service.includes('/') ? service.slice(0, service.lastIndexOf('/')) : '', shortName(service)];
  const ofService = (standIns.simulations ?? []).filter(
    (one) => one.service === name && (namespace === '' || one.namespace === namespace),
  );
  const here = ofService.filter((one) => from === null || one.from === undefined || one.from === from);
  const isFree = !here.some((one) => one.from === (from ?? undefined));
  const offered = recordings.filter((recording) => canAnswer(recording, name)).slice(0, maxOffered);
  const start = ({ id }: Recording) =>
    void standIns.start({ recording: id, service: name, ...(namespace && { namespace }), ...(from === null ? {} : { from }) });
  return (
    <section className="topo-section" data-testid="edge-stand-in">
      <h3>Stand-in</h3>
      {here.map((simulation) => (
        <StandInRow key={simulation.id} simulation={simulation} standIns={standIns} />
      ))}
      {isFree && (
        <div className="topo-fault-buttons" style={here.length > 0 ? { marginTop: 8 } : undefined}>
          <Menu
            trigger={
              <Button icon={<Clapperboard size={13} />} disabled={offered.length === 0} data-testid="stand-in-start">
                Answer from…
              </Button>
            }
            items={[
              { heading: from === null ? `For every caller of ${name}` : `Only for ${from}` },
              ...offered.map((recording) => ({
                id: recording.id,
                label: recording.stubs === undefined ? recording.name : `${recording.name} (stubs)`,
                onSelect: () => start(recording),
              })),
            ]}
          />
        </div>
      )}
      <p className="topo-note">
        {offered.length === 0 && here.length === 0
          ? `No recording has an answer of ${name}. Record some calls first, or import stubs.`
          : 'A recording answers in the place of its process; policies, mutual TLS and metrics stay.'}
      </p>
    </section>
  );
}

function StandInRow({ simulation, standIns }: { simulation: Simulation; standIns: ReturnType<typeof useStandIns> }) {
  const { id, recording, recordingId, enabled } = simulation;
  return (
    <div className="topo-standin num" data-testid="edge-stand-in-row" data-off={!enabled || undefined}>
      <span className="topo-fault-what">
        <Clapperboard size={13} aria-hidden="true" />
        <a className="truncate" href={hrefTo('recordings', { id: recordingId ?? recording, tab: 'standin' })}>
          {recording}
        </a>
      </span>
      <small>
        {enabled ? 'Answers' : 'Paused for'} {forWhom(simulation)} · {countWords(simulation)}
      </small>
      <span className="row topo-standin-actions">
        <IconButton
          size="small"
          label={enabled ? `Pause ${id}` : `Resume ${id}`}
          icon={enabled ? <Pause size={13} /> : <Play size={13} />}
          onClick={() => void standIns.change(simulation, { enabled: !enabled })}
        />
        <Button size="small" onClick={() => void standIns.stop(simulation)} aria-label={`End ${id}`}>
          End
        </Button>
      </span>
    </div>
  );
}

/** It holds an answer of the service, or stubs, which answer for whichever service one names. */
function canAnswer({ state, stubs, edges }: Recording, service: string): boolean {
  if (state === 'recording') return false;
  return stubs !== undefined || edges.some(({ destination }) => destination === service);
}
