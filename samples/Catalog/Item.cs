namespace Catalog;

internal sealed record Item(int Id, string Name, decimal Price);
