using System.Buffers;
using System.Text;
using System.Text.Json;
using LoadBalancer.Server.Admin;

namespace LoadBalancer.Server.Tests;

public sealed class JsonChangesTests
{
    [Theory]
    [InlineData("""{"a":1,"b":2}""", """{"a":1,"b":2}""", "[]")]
    [InlineData("""{"a":1,"b":2}""", """{"a":1,"b":3}""", """[[["b"],3]]""")]
    [InlineData("""{"a":{"b":[1,2,3]}}""", """{"a":{"b":[1,7,3]}}""", """[[["a","b",1],7]]""")]
    [InlineData("""{"a":[1,2]}""", """{"a":[1,2,3]}""", """[[["a"],[1,2,3]]]""")]
    [InlineData("""{"a":{"b":1}}""", """{"a":{"b":1,"c":2}}""", """[[["a"],{"b":1,"c":2}]]""")]
    [InlineData("""{"a":{"b":1}}""", """{"a":null}""", """[[["a"],null]]""")]
    [InlineData("""{"a":null,"b":"x"}""", """{"a":{"b":[]},"b":"y"}""", """[[["a"],{"b":[]}],[["b"],"y"]]""")]
    [InlineData("1", "2", "[[[],2]]")]
    public void Only_what_differs_is_said(string before, string after, string changes)
    {
        using var first = JsonDocument.Parse(before);
        using var second = JsonDocument.Parse(after);
        var buffer = new ArrayBufferWriter<byte>();
        using (var writer = new Utf8JsonWriter(buffer))
        {
            JsonChanges.Write(writer, first.RootElement, second.RootElement);
        }

        Assert.Equal(changes, Encoding.UTF8.GetString(buffer.WrittenSpan));
    }
}
