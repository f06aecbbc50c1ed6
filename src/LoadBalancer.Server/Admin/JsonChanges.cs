using System.Globalization;
using System.Text.Json;

namespace LoadBalancer.Server.Admin;

/// <summary>
/// What turns one JSON value into another: an array of pairs, each a path of names and indexes, and the value that
/// belongs there. Objects with other names, and arrays of another length, are replaced as a whole.
/// </summary>
internal static class JsonChanges
{
    public static void Write(Utf8JsonWriter writer, JsonElement before, JsonElement after)
    {
        writer.WriteStartArray();
        Compare(writer, [], before, after);
        writer.WriteEndArray();
    }

    private static void Compare(Utf8JsonWriter writer, List<object> path, JsonElement before, JsonElement after)
    {
        if (before.ValueKind == JsonValueKind.Object && after.ValueKind == JsonValueKind.Object && HaveTheSameNames(before, after))
        {
            foreach (var member in after.EnumerateObject())
            {
                path.Add(member.Name);
                Compare(writer, path, before.GetProperty(member.Name), member.Value);
                path.RemoveAt(path.Count - 1);
            }
        }
        else if (before.ValueKind == JsonValueKind.Array && after.ValueKind == JsonValueKind.Array && before.GetArrayLength() == after.GetArrayLength())
        {
            for (var i = 0; i < after.GetArrayLength(); i++)
            {
                path.Add(i);
                Compare(writer, path, before[i], after[i]);
                path.RemoveAt(path.Count - 1);
            }
        }
        else if (!JsonElement.DeepEquals(before, after))
        {
            WriteChange(writer, path, after);
        }
    }

    private static bool HaveTheSameNames(JsonElement before, JsonElement after) =>
        before.EnumerateObject().Select(member => member.Name).SequenceEqual(after.EnumerateObject().Select(member => member.Name));

    private static void WriteChange(Utf8JsonWriter writer, List<object> path, JsonElement value)
    {
        writer.WriteStartArray();
        writer.WriteStartArray();
        foreach (var step in path)
        {
            if (step is int index)
            {
                writer.WriteNumberValue(index);
            }
            else
            {
                writer.WriteStringValue(Convert.ToString(step, CultureInfo.InvariantCulture));
            }
        }

        writer.WriteEndArray();
        value.WriteTo(writer);
        writer.WriteEndArray();
    }
}
