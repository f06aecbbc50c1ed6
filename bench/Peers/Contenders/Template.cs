using System.Globalization;
using System.Text;
using System.Text.RegularExpressions;

namespace Peers.Contenders;

/// <summary>
/// Fills placeholders such as <c>{{port}}</c>. A line with the name of a list is written once for each of its items,
/// with <c>{{number}}</c> as the item's number from 0.
/// </summary>
internal static partial class Template
{
    private const string Number = "number";

    /// <exception cref="BenchException">A placeholder has no value.</exception>
    public static string Fill(string template, TemplateValues values)
    {
        var result = new StringBuilder();
        foreach (var line in template.TrimEnd('\n').Split('\n'))
        {
            var list = Placeholder().Matches(line).Select(match => match.Groups[1].Value).FirstOrDefault(values.Lists.ContainsKey);
            if (list is null)
            {
                result.Append(FillLine(line, values.Single)).Append('\n');
                continue;
            }

            foreach (var (number, item) in values.Lists[list].Index())
            {
                var ofItem = new Dictionary<string, string>(values.Single) { [list] = item, [Number] = number.ToString(CultureInfo.InvariantCulture) };
                result.Append(FillLine(line, ofItem)).Append('\n');
            }
        }

        return result.ToString();
    }

    private static string FillLine(string line, IReadOnlyDictionary<string, string> values) => Placeholder().Replace(line, match =>
        values.TryGetValue(match.Groups[1].Value, out var value)
            ? FillLine(value, values)
            : throw new BenchException($"A configuration template asks for {match.Value}; known are {string.Join(", ", values.Keys)}."));

    [GeneratedRegex(@"\{\{([a-z]+)\}\}", RegexOptions.CultureInvariant)]
    private static partial Regex Placeholder();
}
