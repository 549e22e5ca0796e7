/** Grouping ten thousand processes takes a while: once a second is enough, and only while it is looked at. */
export const onceASecond = <From, To>(make: (from: From) => To): ((from: From) => To) => {
  let last: { readonly at: number; readonly made: To } | undefined;
  return (from) => {
    const at = performance.now();
    if (last === undefined || at - last.at > 1000) last = { at, made: make(from) };
    return last.made;
  };
};
