import { type RefObject, useEffect, useRef, useState } from 'react';

/** The element's width in CSS pixels, in steps of ten; 0 before the first layout. */
export function useWidth<T extends HTMLElement>(): [RefObject<T | null>, number] {
  const element = useRef<T>(null);
  const [width, setWidth] = useState(0);
  useEffect(() => {
    if (!element.current) return;
    const observer = new ResizeObserver(([entry]) => entry && setWidth(Math.floor(entry.contentRect.width / 10) * 10));
    observer.observe(element.current);
    return () => observer.disconnect();
  }, []);
  return [element, width];
}
