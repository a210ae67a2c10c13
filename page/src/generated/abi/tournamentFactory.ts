// Written by page/generate.py; do not edit.
export const abi = [{"inputs":[{"indexed":true,"name":"instance","type":"address"},{"indexed":true,"name":"implementation","type":"address"},{"indexed":true,"name":"creator","type":"address"},{"name":"args","type":"bytes"}],"name":"Created","type":"event"}] as const;
