import { Zap } from 'lucide-react';
import { Button, EmptyState } from '../../ui/index.ts';
import { type FaultPreset, presets } from './fault-presets.ts';

/** The way into an empty screen: four faults worth beginning with, and the rest by name. None is armed before its form was seen. */
export function PresetCards({ onChoose }: { onChoose: (preset: FaultPreset) => void }) {
  return (
    <div className="faults-first">
      <EmptyState icon={Zap} title="Nothing is broken on purpose">
        A fault delays, fails or damages calls to a service. Choose one: its form says how many requests it would hit before it is
        armed, and it ends by itself after ten minutes unless you say otherwise.
      </EmptyState>
      <ul className="faults-cards" aria-label="Presets">
        {presets
          .filter(({ first }) => first)
          .map((preset) => (
            <li key={preset.id}>
              <button
                type="button"
                className="faults-card"
                data-testid={`fault-preset-${preset.id}`}
                onClick={() => onChoose(preset)}
              >
                <b>
                  <span className="tone-fault tone-text" aria-hidden="true">
                    ⚡
                  </span>{' '}
                  {preset.label}
                </b>
                <span className="soft">{preset.words}</span>
              </button>
            </li>
          ))}
      </ul>
      <div className="faults-more">
        {presets
          .filter(({ first }) => !first)
          .map((preset) => (
            <Button key={preset.id} size="small" title={preset.words} onClick={() => onChoose(preset)}>
              {preset.label}
            </Button>
          ))}
      </div>
    </div>
  );
}
