/** Waits for something that another process or the network does; fails after `limitMs`. */
export async function eventually(holds: () => boolean | Promise<boolean>, limitMs = 8000): Promise<void> {
  const end = performance.now() + limitMs;
  while (!(await holds())) {
    if (performance.now() > end) throw new Error(`waited ${limitMs} ms in vain until: ${holds}`);
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}
