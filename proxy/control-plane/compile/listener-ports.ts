import type { CompileContext } from './context.ts';

/** Fixed by the user, else remembered from last time, else any. */
export function chooseListenerPort(
  context: CompileContext,
  proxy: string,
  listener: string,
  asked: number | undefined,
): { port: number; fixed: boolean } {
  if (asked) return { port: asked, fixed: true };
  return { port: context.options.rememberedPorts?.[`${proxy}/${listener}`] ?? 0, fixed: false };
}
