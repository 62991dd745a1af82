import { useCallback, useMemo, useState } from 'react';
import { useWidth } from '../../ui/use-width.ts';
import { type ColumnChoice, keepChoice, readChoice } from './column-choice.ts';
import { ColumnMenu } from './column-menu.tsx';
import { useEnterDetail } from './enter-detail.ts';
import { ListBody } from './list-body.tsx';
import { useListCommands } from './list-commands.ts';
import { ListLine } from './list-line.tsx';
import { ListToolbar } from './list-toolbar.tsx';
import { withMarks } from './marked-columns.tsx';
import { columnsFor } from './request-columns.tsx';
import { RequestDetail } from './request-detail.tsx';
import { useRequestList } from './use-request-list.ts';
import './request-detail.css';
import './requests.css';

export default function RequestsScreen() {
  const shown = useRequestList();
  const { selectedId, marks, marked, sort, grouped } = shown;
  const [listBox, listWidth] = useWidth<HTMLDivElement>();
  const [choice, setChoice] = useColumnChoice();
  const [choosing, setChoosing] = useState(false);
  const columns = useMemo(() => withMarks(columnsFor(choice, listWidth), marked), [choice, listWidth, marked]);
  const { entering, enter } = useEnterDetail();
  useListCommands(shown, () => setChoosing(true));
  return (
    <div className="screen requests">
      <ListToolbar shown={shown} />
      <ListLine shown={shown}>
        {!grouped && (
          <ColumnMenu
            choice={choice}
            onChange={setChoice}
            fitting={columns.map(({ id }) => id)}
            sorted={sort !== null}
            onUnsort={() => shown.sortBy(null)}
            open={choosing}
            onOpenChange={setChoosing}
          />
        )}
      </ListLine>
      <div className="requests-split">
        <div className="requests-list" {...shown.onPoint} ref={listBox}>
          <ListBody shown={shown} columns={columns} choice={choice} onChoice={setChoice} onEnter={enter} />
        </div>
        {selectedId && <RequestDetail key={selectedId} id={selectedId} marks={marks} entering={entering} onClose={shown.close} />}
      </div>
    </div>
  );
}

/** Chosen on this machine, and kept. */
function useColumnChoice(): [ColumnChoice, (choice: ColumnChoice) => void] {
  const [choice, setChoice] = useState(() => readChoice(localStorage));
  const keep = useCallback((next: ColumnChoice) => {
    keepChoice(localStorage, next);
    setChoice(next);
  }, []);
  return [choice, keep];
}
