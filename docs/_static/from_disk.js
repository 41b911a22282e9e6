// From disk a browser lets no page read another, which the summaries of found pages are made from.
if (location.protocol === "file:") DOCUMENTATION_OPTIONS.SHOW_SEARCH_SUMMARY = false;
