import { Menu as BaseMenu } from '@base-ui/react/menu';
import type { ReactElement, ReactNode } from 'react';
import { KeyHint } from './key-hint.tsx';
import './popup.css';

export type MenuItem =
  | { id: string; label: string; icon?: ReactNode; keys?: string; tone?: 'bad'; disabled?: boolean; onSelect: () => void }
  | { separator: string }
  | { heading: string };

/** A button that opens a list of actions. `trigger` is one button element. */
export function Menu({
  trigger,
  items,
  align = 'start',
}: {
  trigger: ReactElement;
  items: readonly MenuItem[];
  align?: 'start' | 'end';
}) {
  return (
    <BaseMenu.Root>
      <BaseMenu.Trigger render={trigger} />
      <BaseMenu.Portal>
        <BaseMenu.Positioner className="dd-positioner" sideOffset={4} align={align}>
          <BaseMenu.Popup className="dd-popup dd-menu">
            {items.map((item) => {
              if ('separator' in item) return <BaseMenu.Separator key={item.separator} className="dd-menu-separator" />;
              if ('heading' in item)
                return (
                  <div key={item.heading} className="dd-menu-label">
                    {item.heading}
                  </div>
                );
              return (
                <BaseMenu.Item
                  key={item.id}
                  className="dd-menu-item"
                  data-tone={item.tone}
                  disabled={item.disabled}
                  onClick={item.onSelect}
                >
                  {item.icon}
                  {item.label}
                  {item.keys && <KeyHint keys={item.keys} />}
                </BaseMenu.Item>
              );
            })}
          </BaseMenu.Popup>
        </BaseMenu.Positioner>
      </BaseMenu.Portal>
    </BaseMenu.Root>
  );
}
