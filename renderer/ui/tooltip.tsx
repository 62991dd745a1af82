import { Tooltip } from '@base-ui/react/tooltip';
import type { ReactElement } from 'react';
import { KeyHint } from './key-hint.tsx';
import './popup.css';

export interface TipProps {
  text: string;
  keys?: string;
  side?: 'top' | 'right' | 'bottom' | 'left';
  /** One element that takes a ref and props. */
  children: ReactElement;
}

/** Explains on hover and focus; never the only place where something is said. */
export function Tip({ text, keys, side = 'bottom', children }: TipProps) {
  return (
    <Tooltip.Root>
      <Tooltip.Trigger render={children} />
      <Tooltip.Portal>
        <Tooltip.Positioner className="dd-positioner" side={side} sideOffset={6}>
          <Tooltip.Popup className="dd-popup dd-tooltip">
            <span>{text}</span>
            {keys && <KeyHint keys={keys} />}
          </Tooltip.Popup>
        </Tooltip.Positioner>
      </Tooltip.Portal>
    </Tooltip.Root>
  );
}

export function TipProvider({ children }: { children: React.ReactNode }) {
  return <Tooltip.Provider delay={450}>{children}</Tooltip.Provider>;
}
