"""The map: TLB entries, frames and page tables in one picture, with a line for each translation."""
