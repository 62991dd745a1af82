import { Popover } from '@base-ui/react/popover';
import { ArrowDown, ArrowUp, Columns3 } from 'lucide-react';
import { type KeyboardEvent, useRef } from 'react';
import { Button, IconButton } from '../../ui/index.ts';
import { type ColumnChoice, type ColumnId, defaultChoice, isDefault, moveColumn, toggleColumn } from './column-choice.ts';
import { requestColumns } from './request-columns.tsx';

export interface ColumnMenuProps {
  choice: ColumnChoice;
  onChange: (choice: ColumnChoice) => void;
  /** Columns that there is room for now. */
  fitting: readonly string[];
  sorted: boolean;
  onUnsort: () => void;
  open: boolean;
  onOpenChange: (open: boolean) => void;
}

/** Which columns the list has and in which order: Space shows or hides one, Alt with ↑ ↓ moves it. */
export function ColumnMenu({ choice, onChange, fitting, sorted, onUnsort, open, onOpenChange }: ColumnMenuProps) {
  const list = useRef<HTMLUListElement>(null);
  const focus = (id: ColumnId | undefined) =>
    id && requestAnimationFrame(() => list.current?.querySelector<HTMLElement>(`[data-column="${id}"] input`)?.focus());
  const move = (id: ColumnId, by: -1 | 1) => onChange(moveColumn(choice, id, by, 'all'));
  const onKeyDown = (event: KeyboardEvent, id: ColumnId) => {
    const by = event.key === 'ArrowDown' ? 1 : event.key === 'ArrowUp' ? -1 : 0;
    if (by === 0) return;
    event.preventDefault();
    if (event.altKey) move(id, by);
    focus(event.altKey ? id : choice.order[choice.order.indexOf(id) + by]);
  };
  const noRoom = choice.order.filter((id) => choice.shown.has(id) && !fitting.includes(id)).length;
  return (
    <Popover.Root open={open} onOpenChange={onOpenChange}>
      <Popover.Trigger
        render={
          <Button size="small" variant="ghost" icon={<Columns3 size={12} />} data-testid="requests-columns">
            Columns
          </Button>
        }
      />
      <Popover.Portal>
        <Popover.Positioner className="dd-positioner" sideOffset={4} align="end">
          <Popover.Popup className="dd-popup requests-columns" aria-label="Columns">
            <ul ref={list}>
              {choice.order.map((id, index) => (
                <li key={id} data-column={id}>
                  <label>
                    <input
                      type="checkbox"
                      checked={choice.shown.has(id)}
                      onChange={() => onChange(toggleColumn(choice, id))}
                      onKeyDown={(event) => onKeyDown(event, id)}
                    />
                    <span className="grow">{requestColumns[id].name}</span>
                    {choice.shown.has(id) && !fitting.includes(id) && <span className="muted">no room</span>}
                  </label>
                  <IconButton
                    label={`Move ${requestColumns[id].name} up`}
                    size="small"
                    icon={<ArrowUp size={12} />}
                    disabled={index === 0}
                    tabIndex={-1}
                    onClick={() => move(id, -1)}
                  />
                  <IconButton
                    label={`Move ${requestColumns[id].name} down`}
                    size="small"
                    icon={<ArrowDown size={12} />}
                    disabled={index === choice.order.length - 1}
                    tabIndex={-1}
                    onClick={() => move(id, 1)}
                  />
                </li>
              ))}
            </ul>
            <p className="muted">
              {noRoom > 0
                ? 'What has no room is in the detail.'
                : 'Space shows or hides, Alt+↑ ↓ moves. A click on a column’s title sorts.'}
            </p>
            <div className="row">
              <Button size="small" disabled={isDefault(choice)} onClick={() => onChange(defaultChoice)}>
                Reset the columns
              </Button>
              <Button size="small" variant="ghost" disabled={!sorted} onClick={onUnsort}>
                Unsort
              </Button>
            </div>
          </Popover.Popup>
        </Popover.Positioner>
      </Popover.Portal>
    </Popover.Root>
  );
}
