// What is nicer with a script; nothing needs it.
const english = navigator.language.startsWith("en") ? navigator.language : "en-GB";
for (const time of document.querySelectorAll("time")) {
  time.textContent = new Date(time.dateTime).toLocaleString(english, {
    dateStyle: "medium",
    timeStyle: "short",
  });
}
