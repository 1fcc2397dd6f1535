/** @jsxImportSource npm:react@19 */
/** @jsxImportSourceTypes npm:@types/react@19 */
/** A React component rendered to static HTML on the server. Hooks work. */
// @ts-types="npm:@types/react@19"
import { useMemo } from "npm:react@19";
// @ts-types="npm:@types/react-dom@19/server"
import { renderToStaticMarkup } from "npm:react-dom@19/server";

interface Person {
  name: string;
  skills: string[];
}

export default function reactCard(person: Person): string {
  return renderToStaticMarkup(<Card {...person} />);
}

function Card({ name, skills }: Person) {
  const sorted = useMemo(() => skills.toSorted(), [skills]);
  return (
    <article>
      <h2>{name}</h2>
      <ul>
        {sorted.map((skill) => <li key={skill}>{skill}</li>)}
      </ul>
    </article>
  );
}
