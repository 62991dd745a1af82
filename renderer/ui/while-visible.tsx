import { type ReactNode, useEffect, useRef, useState } from 'react';

/** Its children are brought up to date while they are on screen, and stand still while they are scrolled away: a chart costs only who sees it. */
export function WhileVisible({ children }: { children: ReactNode }) {
  const box = useRef<HTMLDivElement>(null);
  const [visible, setVisible] = useState(true);
  const shown = useRef(children);
  useEffect(() => {
    if (!box.current) return;
    const observer = new IntersectionObserver(([entry]) => setVisible(entry?.isIntersecting ?? true), { rootMargin: '80px' });
    observer.observe(box.current);
    return () => observer.disconnect();
  }, []);
  if (visible) shown.current = children;
  return <div ref={box}>{shown.current}</div>;
}
