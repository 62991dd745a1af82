import { Dialog as BaseDialog } from '@base-ui/react/dialog';
import { X } from 'lucide-react';
import { type ReactNode, useRef } from 'react';
import { Button } from './button.tsx';
import './popup.css';

export interface DialogProps {
  open: boolean;
  onClose: () => void;
  title: string;
  description?: ReactNode;
  size?: 'medium' | 'wide';
  footer?: ReactNode;
  /** Where focus goes when it closes; without, to whatever opened it. One that an address opened was opened by nothing. */
  returnFocus?: () => HTMLElement | null;
  children?: ReactNode;
}

/** A modal with a title; Esc and the backdrop close it, focus returns to where it was. */
export function Dialog({ open, onClose, title, description, size = 'medium', footer, returnFocus, children }: DialogProps) {
  const body = useRef<HTMLDivElement>(null);
  const popup = useRef<HTMLDivElement>(null);
  return (
    <BaseDialog.Root open={open} onOpenChange={(next) => !next && onClose()}>
      <BaseDialog.Portal>
        <BaseDialog.Backdrop className="dd-backdrop" />
        <BaseDialog.Popup
          ref={popup}
          className="dd-popup dd-dialog"
          data-size={size}
          {...(returnFocus ? { finalFocus: () => returnFocus() ?? true } : {})}
          // The first field, not the close button that stands before it.
          initialFocus={() =>
            body.current?.querySelector<HTMLElement>('input, textarea, button, a[href], [tabindex="0"]') ?? popup.current
          }
        >
          <header>
            <BaseDialog.Title>{title}</BaseDialog.Title>
            {/* Without a tip of its own: the first Escape would close that, and only the second the dialog. */}
            <BaseDialog.Close
              render={<Button variant="ghost" size="small" data-icon-only="" aria-label="Close" icon={<X size={15} />} />}
            />
          </header>
          {description && <BaseDialog.Description className="dd-dialog-description">{description}</BaseDialog.Description>}
          <div ref={body} className="dd-dialog-body">
            {children}
          </div>
          {footer && <footer>{footer}</footer>}
        </BaseDialog.Popup>
      </BaseDialog.Portal>
    </BaseDialog.Root>
  );
}
