import Foundation
import Martlet
import MartletData

extension FuzzSubject {
  /// COCO's and LabelMe's JSON or, where an input begins as such, CVAT's XML, beside an image of 8×6 pixels.
  static let annotations = FuzzSubject(name: "annotations") { _ in
    [
      """
      {"images":[{"id":1,"file_name":"a.png","width":8,"height":6}],"categories":[{"id":3,"name":"cell"}],"annotations":[
      {"id":1,"image_id":1,"category_id":3,"iscrowd":0,"segmentation":[[1,1,5.5,1,5,4]]},
      {"id":2,"image_id":1,"category_id":3,"iscrowd":1,"segmentation":{"size":[6,8],"counts":[10,4,34]}},
      {"id":3,"image_id":1,"category_id":3,"segmentation":{"size":[6,8],"counts":":4R1"}}]}
      """,
      """
      {"imagePath":"a.png","imageWidth":8,"imageHeight":6,"shapes":[
      {"label":"cell","shape_type":"polygon","points":[[1,1],[5,1],[4,4.5]]},
      {"label":"dot","shape_type":"circle","points":[[3,3],[4,3]]},
      {"label":"box","shape_type":"rectangle","points":[[0,0],[2,2]]}]}
      """,
      """
      <?xml version="1.0"?><annotations><version>1.1</version><image id="0" name="a.png" width="8" height="6">
      <polygon label="cell" points="1.0,1.0;5.0,1.0;4.0,4.0" z_order="1"/>
      <box label="dot" xtl="1" ytl="1" xbr="3" ybr="3" z_order="0"/>
      <ellipse label="dot" cx="4" cy="3" rx="2" ry="1"/>
      <mask label="cell" rle="3, 5, 4" left="1" top="1" width="4" height="3"/></image></annotations>
      """,
    ].map { Array($0.utf8) }
  } read: { input in
    let image = Image(width: 8, height: 6, channels: 1, samples: .uint8(.init(repeating: 9, count: 48)))
    try image.write(to: Scratch.url("images/a.png").path)
    let images = try Scratch.url("images/a.png").deletingLastPathComponent()
    func read(_ masks: URL, _ format: DatasetFormat) throws {
      let data = try SegmentationDataset(images: images, masks: masks, format: format)
      for index in 0..<data.count { _ = try data.load(index) }
    }
    if input.first == UInt8(ascii: "<") {
      try read(Scratch.file("annotations.xml", input), .cvat)
    } else {
      // Either may refuse what the other reads.
      let results = [
        Result { try read(Scratch.file("annotations.json", input), .coco) },
        Result { try read(Scratch.file("shapes/a.json", input).deletingLastPathComponent(), .labelme) },
      ]
      for result in results { try result.get() }
    }
  }

  static let interactions = FuzzSubject(name: "interactions") { _ in
    [
      "user_id:token\titem_id:token\ttimestamp:float\n1\ta\t0.5\n2\tb\t1e3\n1\tb\t3\n",
      "user_id,item_id,timestamp\n1,\"a,\"\"b\",5\r\n2,c,-7.25\n",
      "item_id,user_id\nä,1\nb,2\n",
    ].map { Array($0.utf8) }
  } read: { input in
    _ = try InteractionLog(contentsOf: Scratch.file("input.inter", input))
  }
}
