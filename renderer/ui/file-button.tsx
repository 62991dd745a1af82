import { useRef } from 'react';
import { Button, type ButtonProps } from './button.tsx';

/** A button that asks for files of the user's own machine. Choosing none does nothing. */
export function FileButton({
  accept,
  multiple,
  onFiles,
  inputTestId,
  ...button
}: Omit<ButtonProps, 'onClick'> & {
  accept: string;
  multiple?: boolean;
  onFiles: (files: File[]) => void;
  /** Of the hidden input, which takes files in tests. */
  inputTestId?: string;
}) {
  const input = useRef<HTMLInputElement>(null);
  return (
    <>
      <input
        ref={input}
        type="file"
        accept={accept}
        multiple={multiple}
        className="visually-hidden"
        tabIndex={-1}
        aria-hidden="true"
        data-testid={inputTestId}
        onChange={(event) => {
          const files = [...(event.target.files ?? [])];
          // The same file may be chosen again after it was edited.
          event.target.value = '';
          if (files.length > 0) onFiles(files);
        }}
      />
      <Button {...button} onClick={() => input.current?.click()} />
    </>
  );
}
