export function buildEngine(): Promise<number>;
export function toJavaScript(name: string, source: string): Promise<string>;
