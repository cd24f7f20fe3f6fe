export async function writePage(): Promise<number> {
  return 0;
}
export async function checkPage(): Promise<number> {
  return 0;
}
